//! The schedule of one caller: generic cell rates, a pause after 429 and a learnt rate, with the meaning of the scripts. It serves a
//! process while Redis is unavailable, and simulations in virtual time; a test compares it with the scripts.

use crate::limits::{Limits, Window};

const SECOND: f64 = 1_000_000.0;
const RISE_AFTER: f64 = 5.0 * SECOND;
const RISE: f64 = 1.25;
/// The lowest and the highest learnt rate, in requests a second.
const SLOWEST: f64 = 0.5;
const FASTEST: f64 = 999_999.0;
/// A turn farther away is reserved alone: a process that is killed while it waits then loses one turn, not a batch.
const FAR: f64 = SECOND / 4.0;
/// The longest pause that a 429 can ask for.
const LONGEST_PAUSE: f64 = 43_200.0 * SECOND;

/// Times are microseconds since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    epoch: f64,
    hold: f64,
    next: Vec<f64>,
    learnt: Option<Learnt>,
    pause: f64,
    fell: f64,
    begin: f64,
    current: f64,
    previous: f64,
}

#[derive(Clone, Copy, Debug)]
struct Learnt {
    per_second: f64,
    too_fast: f64,
    changed: f64,
}

/// The request of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// The calls that wait.
    pub(crate) need: u32,
    /// The same with the calls that are expected soon.
    pub(crate) want: u32,
    /// How long the first one can wait.
    pub(crate) within: f64,
    /// How long the permits of one batch are usable.
    pub(crate) validity: f64,
}

/// Permits of one batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reservation {
    pub(crate) granted: u32,
    /// Until the first permit.
    pub(crate) wait: f64,
    /// Whether the first permit would come too late. Nothing is granted then.
    pub(crate) late: bool,
}

impl Schedule {
    /// Reserves permits. `share` is the part of the rate that belongs to this schedule: 1, or less while each process counts alone.
    pub(crate) fn reserve(&mut self, now: f64, demand: Demand, limits: &Limits, share: f64) -> Reservation {
        let windows: Vec<Window> = limits.windows().iter().map(|window| window.shared(share)).collect();
        if self.epoch == 0.0 || self.next.len() != windows.len() {
            self.epoch = now;
            self.next = windows.iter().map(|window| now + (window.burst - 1.0) * window.each).collect();
        }
        self.rise(now, windows.is_empty());
        let mut reservation = Reservation { granted: 0, wait: 0.0, late: false };
        let mut first = now;
        for permit in 1..=demand.want {
            let mut at = now.max(self.hold);
            let mut plenty = now >= self.hold;
            for (next, window) in self.next.iter().zip(&windows) {
                at = at.max(next + window.each - window.burst * window.each);
                plenty &= next + window.each - window.burst * window.each / 2.0 <= now;
            }
            if self.learnt.is_some() {
                at = at.max(self.pause);
                plenty = false;
            }
            if permit == 1 {
                (first, reservation.wait) = (at, at - now);
                if reservation.wait > demand.within {
                    reservation.late = true;
                    break;
                }
            } else if reservation.wait > FAR
                || at - first > demand.validity
                || (permit > demand.need && !(plenty && at <= now))
            {
                break;
            }
            for (next, window) in self.next.iter_mut().zip(&windows) {
                *next = next.max(at) + window.each;
            }
            if let Some(learnt) = self.learnt {
                self.pause = self.pause.max(at) + SECOND / (learnt.per_second * share);
            }
            reservation.granted = permit;
        }
        self.count(now, reservation.granted);
        reservation
    }

    /// The platform responded with 429.
    pub(crate) fn throttled(&mut self, now: f64, retry_after: f64, limits: &Limits) {
        self.hold = self.hold.max(now + retry_after.min(LONGEST_PAUSE));
        self.epoch = now.max(self.epoch + 1.0);
        self.pause = self.hold;
        self.next.resize(limits.windows().len(), now);
        for next in &mut self.next {
            *next = next.max(now).min(self.hold);
        }
        if !limits.adapts() || now - self.fell < SECOND {
            return;
        }
        let sent = self.current + self.previous;
        let span = (now - self.begin).max(SECOND) + if self.previous > 0.0 { SECOND } else { 0.0 };
        let measured = if self.begin > 0.0 && sent > 0.0 { sent * SECOND / span } else { SLOWEST };
        let present = self.learnt.map_or(measured, |learnt| learnt.per_second);
        let per_second = (present.min(measured) * limits.fall()).max(SLOWEST);
        self.learnt = Some(Learnt { per_second, too_fast: present.clamp(0.1, FASTEST), changed: now });
        self.fell = now;
    }

    /// Takes over what the fleet knew when it was last seen.
    pub(crate) fn learn(&mut self, per_second: Option<f64>, now: f64) {
        self.learnt = per_second.map(|per_second| match self.learnt {
            Some(learnt) => Learnt { per_second, ..learnt },
            None => Learnt { per_second, too_fast: per_second / 0.5, changed: now },
        });
    }

    fn rise(&mut self, now: f64, unlimited: bool) {
        let Some(learnt) = &mut self.learnt else { return };
        if now - learnt.changed < RISE_AFTER {
            return;
        }
        learnt.per_second *= RISE;
        learnt.changed = now;
        if learnt.per_second >= learnt.too_fast * if unlimited { 1.999 } else { 0.999 } {
            self.learnt = None;
        }
    }

    fn count(&mut self, now: f64, granted: u32) {
        if self.begin == 0.0 || now - self.begin >= 2.0 * SECOND {
            (self.begin, self.current, self.previous) = (now, 0.0, 0.0);
        } else if now - self.begin >= SECOND {
            (self.begin, self.previous, self.current) = (self.begin + SECOND, self.current, 0.0);
        }
        self.current += f64::from(granted);
    }
}

#[cfg(test)]
#[path = "../tests/redis/server.rs"]
mod server;

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "the proof in docs/fleet.md takes the figures from here")]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::server::Server;
    use super::*;
    use crate::limits::micros;
    use crate::lua::Lua;

    /// The script with a time of ours in the place of the server's.
    fn timed(text: &str) -> Lua {
        let ours = "{ ARGV[#ARGV - 1], ARGV[#ARGV] }";
        assert!(text.contains("redis.call('TIME')"));
        Lua::new(text.replace("redis.call('TIME')", ours))
    }

    fn run(server: &mut redis::Connection, script: &Lua, key: &str, arguments: &[String], now: f64) -> redis::Value {
        let mut command = redis::cmd("EVAL");
        command.arg(&script.text).arg(3);
        command.arg(["state", "seen", "processes"].map(|part| format!("{key}:{part}")).as_slice());
        command.arg(arguments).arg(format!("{:.0}", (now / SECOND).floor())).arg(format!("{:.0}", now % SECOND));
        command.query(server).expect("a result")
    }

    #[test]
    fn schedule_and_scripts_grant_the_same_turns() {
        let Some(server) = Server::start(&[]) else { return };
        let client = redis::Client::open(server.url()).expect("an address");
        let mut connection = client.get_connection().expect("a connection");
        let acquire = timed(include_str!("lua/acquire.lua"));
        let throttled = timed(include_str!("lua/throttled.lua"));
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        for round in 0..40 {
            let mut limits = Limits::new().adaptive(random.bool());
            for _ in 0..random.u32(0..3) {
                let requests = NonZeroU32::new(random.u32(1..500)).expect("not zero");
                limits = limits.window(requests, Duration::from_millis(random.u64(100..20_000)));
            }
            let mut schedule = Schedule::default();
            let mut now = 1.8e15;
            let key = format!("round{round}");
            for step in 0..60 {
                now += random.u32(0..2_000_000) as f64 * [0.01, 0.2, 1.0, 4.0][random.usize(0..4)];
                now = now.floor();
                let count = limits.windows().len();
                if random.u32(0..12) == 0 {
                    let retry_after = f64::from(random.u32(0..3_000_000));
                    let arguments = [
                        format!("{retry_after:.0}"),
                        u8::from(limits.adapts()).to_string(),
                        limits.fall().to_string(),
                        count.to_string(),
                    ];
                    run(&mut connection, &throttled, &key, &arguments, now);
                    schedule.throttled(now, retry_after, &limits);
                    continue;
                }
                let need = random.u32(1..5);
                let want = need + random.u32(0..20);
                let within = f64::from(random.u32(0..5_000_000));
                let validity = micros(limits.validity());
                let demand = Demand { need, want, within, validity };
                let mut arguments = vec!["p".to_owned(), need.to_string(), want.to_string()];
                let rest = [within, validity, 0.0, 0.0, 0.0, 1e7, 0.0, count as f64];
                arguments.extend(rest.map(|number| format!("{number:.0}")));
                for window in limits.windows() {
                    arguments.extend([format!("{:.3}", window.each), format!("{:.0}", window.burst)]);
                }
                let value = run(&mut connection, &acquire, &key, &arguments, now);
                let (granted, wait, late): (u32, f64, u8) = match value {
                    redis::Value::Array(items) => {
                        redis::from_redis_value(redis::Value::Array(items[..3].to_vec())).expect("numbers")
                    }
                    other => panic!("{other:?}"),
                };
                let reservation = schedule.reserve(now, demand, &limits, 1.0);
                let same = reservation.granted == granted
                    && (reservation.wait - wait).abs() <= 5.0
                    && reservation.late == (late == 1);
                assert!(
                    same,
                    "seed {seed} round {round} step {step}: {reservation:?}, script {granted} {wait} {late}\n{limits:?}"
                );
            }
        }
    }

    #[test]
    fn server_clock_that_is_set_back_moves_the_schedule() {
        let Some(server) = Server::start(&[]) else { return };
        let client = redis::Client::open(server.url()).expect("an address");
        let mut connection = client.get_connection().expect("a connection");
        let acquire = timed(include_str!("lua/acquire.lua"));
        let mut ask = |now: f64| {
            let arguments = "p 1 1 5000000 0 0 0 0 10000000 0 1 500000 1".split(' ').map(str::to_owned);
            let value = run(&mut connection, &acquire, "back", &arguments.collect::<Vec<_>>(), now);
            let redis::Value::Array(items) = value else { panic!("{value:?}") };
            redis::from_redis_value::<f64>(items[1].clone()).expect("a number")
        };
        assert_eq!(ask(1.8e15), 0.0);
        assert_eq!(ask(1.8e15), 500_000.0);
        // An hour earlier by its clock, and at once: the third permit is a second away, not an hour.
        assert_eq!(ask(1.8e15 - 3600.0 * SECOND), 1_000_000.0);
    }

    /// Clients that wait for their permit and then call, each with a delay on the way that varies.
    #[test]
    fn ten_thousand_clients_keep_the_limit_in_virtual_time() {
        const CLIENTS: usize = 10_000;
        const CALLS: usize = 6_000;
        let minute = 60.0 * SECOND;
        let limits = Limits::new().window(NonZeroU32::new(CALLS as u32).expect("not zero"), Duration::from_secs(60));
        let mut random = fastrand::Rng::with_seed(19);
        let mut schedule = Schedule::default();
        let mut served = vec![0_u32; CLIENTS];
        // When each client asks next; the earliest first.
        let mut asking: std::collections::BinaryHeap<_> =
            (0..CLIENTS).map(|client| (std::cmp::Reverse(random.u64(0..1_000_000)), client)).collect();
        let mut window = std::collections::VecDeque::new();
        let mut arrivals = Vec::new();
        let begin = 1.8e15;
        let end = 20 * 60 * 1_000_000;
        while let Some((std::cmp::Reverse(now), client)) = asking.pop() {
            if now >= end {
                break;
            }
            let demand = Demand { need: 1, want: 1, within: 10.0 * minute, validity: micros(limits.validity()) };
            let reservation = schedule.reserve(begin + now as f64, demand, &limits, 1.0);
            assert!(reservation.granted == 1 && !reservation.late, "{reservation:?}");
            let sent = now + reservation.wait as u64;
            served[client] += 1;
            // Up to 20 ms on the way, as the margin says.
            arrivals.push(sent + random.u64(0..20_000));
            asking.push((std::cmp::Reverse(sent + random.u64(1_000..5_000)), client));
        }
        arrivals.sort_unstable();
        let (mut throttled, mut accepted) = (0, 0);
        for arrival in arrivals.iter().copied().filter(|arrival| *arrival < end) {
            while window.front().is_some_and(|first| arrival - first >= 60_000_000) {
                window.pop_front();
            }
            match window.len() < CALLS {
                true => {
                    window.push_back(arrival);
                    accepted += 1;
                }
                false => throttled += 1,
            }
        }
        let used = accepted as f64 / (20 * CALLS) as f64;
        let (least, most) = (served.iter().min().expect("clients"), served.iter().max().expect("clients"));
        println!(
            "| {CLIENTS} clients, 20 virtual minutes | {accepted} | {throttled} | {:.1} % | {least} to {most} calls |",
            used * 100.0
        );
        assert_eq!(throttled, 0);
        // Those who ask first get more permits while the others have not come yet.
        assert!(used >= 0.95 && most - least <= 4, "{used} {least} {most}");
    }
}
