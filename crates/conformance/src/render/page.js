'use strict';
const by = (id) => document.getElementById(id);
const reason = by('reason');
let open = null;
function show(button) {
  if (open) open.setAttribute('aria-pressed', 'false');
  open = button;
  reason.hidden = !button;
  if (!button) return;
  button.setAttribute('aria-pressed', 'true');
  reason.querySelector('h2').textContent = button.dataset.title;
  reason.querySelector('pre').textContent = button.dataset.reason;
}
function choose() {
  const text = by('text').value.toLowerCase(), kind = by('kind').value;
  let shown = 0;
  for (const body of document.querySelectorAll('tbody')) {
    let any = false;
    for (const row of body.querySelectorAll('.case')) {
      const fits = kind === '' || (kind === 'exception' ? 'exception' in row.dataset : row.dataset.level === kind);
      const found = fits && row.textContent.toLowerCase().includes(text);
      row.hidden = !found;
      any = any || found;
      shown += found ? 1 : 0;
    }
    body.hidden = !any;
  }
  by('shown').textContent = shown + ' cases';
}
document.querySelector('table').addEventListener('click', (event) => {
  const button = event.target.closest('td button');
  if (button) show(button === open ? null : button);
});
by('close').addEventListener('click', () => { const last = open; show(null); if (last) last.focus(); });
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') show(null); });
by('choose').addEventListener('input', choose);
by('choose').addEventListener('submit', (event) => event.preventDefault());
choose();
// A link to one cell, such as #IDENT-24/isahc, opens it.
const wanted = decodeURIComponent(location.hash.slice(1));
if (wanted && by(wanted)) { by(wanted).scrollIntoView({ block: 'center' }); show(by(wanted)); }
