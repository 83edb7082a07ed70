//! The closed set of diagnosis codes: one table with the side that each blames and its remedy. Texts, docs and tests all
//! read it here.

use std::fmt;

/// Who rejected whom, or where a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// Nothing was sent: the fault is in what we were given.
    Local,
    /// The way between us and the server.
    Network,
    /// The server refused us in TLS.
    Peer,
    /// We refused the server.
    Us,
    /// The platform answered, and refused.
    Platform,
    /// The evidence does not tell.
    Unclear,
}

macro_rules! codes {
    ($($name:ident = $text:literal $side:ident $title:literal, $remedy:literal;)+) => {
        /// A stable diagnosis code, such as `HS-02`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct Code(u8);

        #[allow(non_camel_case_types, reason = "names the codes for the table below only")]
        #[repr(u8)]
        enum Row { $($name,)+ }

        impl Code {
            $(#[doc = concat!($text, ": ", $title, ".")] pub const $name: Self = Self(Row::$name as u8);)+

            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            const TABLE: &[(&'static str, Side, &'static str, &'static str)] = &[$(($text, Side::$side, $title, $remedy),)+];
        }
    };
}

codes! {
    ID_01 = "ID-01" Local "The private key does not belong to the certificate",
        "Use the key that was made for this certificate. A DigiCert ONE certificate is downloadable once: if its key is lost, create a new one.";
    ID_02 = "ID-02" Local "The private key is encrypted and no password was given",
        "Give its password (DC_CLIENT_CERT_PASSWORD_FILE, DC_CLIENT_CERT_PASSWORD or SM_CLIENT_CERT_PASSWORD). The key is decrypted in memory; nothing is written to disk.";
    ID_03 = "ID-03" Local "The password does not open the key or key store",
        "Give the password that was shown or chosen when the file was made, without quotes or a line end. DigiCert ONE shows it once: if it is lost, create a new certificate.";
    ID_04 = "ID-04" Local "The key or key store has an outdated, unknown or unbounded encryption",
        "Write it anew with a current openssl or keytool (AES-256, at most a few million iterations).";
    ID_07 = "ID-07" Local "No usable key or certificate",
        "Give one certificate (leaf first, then its intermediates) and one private key, in PEM, DER or PKCS#12, or an API key, exactly as DigiCert ONE showed it.";
    ID_08 = "ID-08" Local "The file has more around its keys and certificates than it needs",
        "Nothing must be done: preamble, byte order mark and line ends are read over.";
    ID_09 = "ID-09" Local "The client certificate is outside its dates",
        "Create a new certificate: the end date cannot be changed. If it is not valid yet, compare this machine's clock with the real time.";
    ID_10 = "ID-10" Local "The file has the leaf without its intermediate",
        "Append the issuer's certificate (leaf first), or use the PKCS#12 file, which contains it.";
    ID_11 = "ID-11" Local "The certificates of the file are not in the order in which they are sent",
        "Nothing must be done: they are sorted, and a root or stranger among them is not sent.";
    ID_12 = "ID-12" Local "The certificate may not be used for client authentication",
        "Take the client authentication certificate; this may be a server or signing certificate.";
    ID_13 = "ID-13" Local "A credential cannot be read",
        "Check the path and its permissions, or set the variable.";
    ID_15 = "ID-15" Local "The API key or its service user is past its end date",
        "Create a new key in Account Manager, or have an administrator extend the service user. End dates count until 23:59:59 UTC.";
    ID_16 = "ID-16" Local "The private key is too small",
        "Create a new certificate with an RSA key of 2048 bits or more, or with an elliptic curve.";
    ID_17 = "ID-17" Local "There is more than one private key to choose from",
        "Keep the one that belongs to the certificate, in a file of its own.";
    ROT_03 = "ROT-03" Local "A replacement cannot be used yet",
        "Nothing was lost: the credential before it stays in use, and the source is read again. Write certificate and key together (rename a directory or symlink over the old one).";
    ROT_06 = "ROT-06" Platform "A replacement was not accepted by DigiCert ONE",
        "Nothing was lost: the credential before it stays in use. Check that the new one was made on this host and is enabled.";
    HS_01 = "HS-01" Peer "The server wants a client certificate and none was sent",
        "Configure a client certificate, or call the host without clientauth. with an API key.";
    HS_02 = "HS-02" Peer "The server refused our client certificate",
        "Check that the certificate was made on this host (demo and production differ), has its intermediate with it, is inside its dates, and is enabled in Account Manager.";
    HS_03 = "HS-03" Unclear "The connection ended in or right after the handshake, without a reason",
        "In this order: check the client certificate (dates, issuer, host); look for a TLS-inspecting proxy on the way; look for a firewall. The reqwest transport tells most.";
    HS_04 = "HS-04" Peer "No TLS version, cipher or signature in common",
        "Allow TLS 1.2 and 1.3 on both sides, or take another transport.";
    TR_01 = "TR-01" Us "We do not trust the issuer of the server's certificate",
        "For a private installation or an inspecting proxy, give its root with --ca-file (in code: TrustRoots). A client certificate cannot pass an inspecting proxy: ask for a bypass.";
    TR_02 = "TR-02" Us "The server's certificate is outside its dates",
        "Compare this machine's clock with the real time first; if it is right, the server's certificate must be renewed.";
    TR_03 = "TR-03" Local "The trust roots hold no usable certificate",
        "Give a PEM file with the certificate of the CA (BEGIN CERTIFICATE), not a key and not DER.";
    TR_04 = "TR-04" Local "Skipping verification is not supported",
        "Unset SM_TLS_SKIP_VERIFY and give the root of your CA with --ca-file.";
    TR_05 = "TR-05" Us "We refused the server's certificate",
        "Check in this order: issuer, name, dates. Another transport tells which: d1 whoami --transport reqwest.";
    HO_01 = "HO-01" Us "The server's certificate is for another name",
        "Check the host for a typo or a doubled clientauth.; a private installation needs both hosts in its certificate, or an explicit pair of hosts.";
    HO_02 = "HO-02" Local "Host and credential do not fit",
        "Give the host without path and user info; for certificates to an address or localhost give the clientauth host too.";
    HO_04 = "HO-04" Network "The port does not speak TLS",
        "Check host and port: this looks like a plain http port.";
    NET_01 = "NET-01" Network "No connection within the time limit",
        "Check routes, firewall and proxy; DigiCert publishes its addresses for allow-lists.";
    NET_02 = "NET-02" Network "The proxy refused the tunnel",
        "Check the proxy's address and its own credentials, and that it lets CONNECT to this host through.";
    NET_05 = "NET-05" Network "The host name has no address",
        "Check the spelling of the host and this machine's resolver.";
    NET_06 = "NET-06" Network "The connection was refused",
        "Nobody listens there: check host and port, and whether the server is up.";
    NET_07 = "NET-07" Network "The connection ended before the answer began",
        "Repeat the call if it is idempotent; if it happens always, look at the server and at proxies on the way.";
    NET_08 = "NET-08" Network "No complete answer within the time limit",
        "Raise the limit for slow calls; ask whether the platform is under maintenance.";
    NET_09 = "NET-09" Network "The answer was cut off",
        "Repeat the call if it is idempotent.";
    NET_10 = "NET-10" Network "The answer is not valid HTTP",
        "Check host and port: something other than DigiCert ONE answers there.";
    AUT_01 = "AUT-01" Platform "DigiCert ONE does not accept this credential",
        "Check, in this order: is this the host where it was made (demo and production differ)? is its end date (23:59:59 UTC) past? is the service user enabled?";
    AUT_02 = "AUT-02" Platform "This call needs key and certificate",
        "Configure both; the host becomes the clientauth. one by itself.";
    AUT_03 = "AUT-03" Platform "The service user may not do this",
        "Give the service user the role that this call needs, in Account Manager. New credentials do not help.";
    AUT_04 = "AUT-04" Platform "DigiCert ONE asks to wait",
        "Wait as told. Limits count per API key: spread bursts over time or over service users.";
    AUT_05 = "AUT-05" Platform "The answer is not what the API promises",
        "See status and excerpt: a load balancer or firewall may have answered in the platform's place.";
    API_01 = "API-01" Platform "DigiCert ONE refused the request",
        "See the platform's code and message.";
    API_02 = "API-02" Platform "There is no such resource",
        "Check the path, and the id in it.";
    API_03 = "API-03" Platform "DigiCert ONE failed inside",
        "Repeat the call if it is idempotent; give the request id to DigiCert's support if it stays.";
    API_04 = "API-04" Platform "The list does not end or repeats itself",
        "What was given before is sound; the position tells where it stopped. If this list is paged in another way than its answers suggest, say how (Paging; --paging), and report it.";
    PACE_01 = "PACE-01" Local "The call's turn comes after its deadline",
        "Send fewer calls at once, raise the deadline, or spread the calls over several service users: limits count per API key.";
    PACE_02 = "PACE-02" Local "The pace that several processes share cannot be asked",
        "Look at the store behind the pace; see the text below.";
    SEC_01 = "SEC-01" Local "A redirect or page link to another origin was not followed",
        "Configure the host that the answer names if you trust it. Credentials were not sent there.";
    SEC_05 = "SEC-05" Local "Credentials are not sent in clear text",
        "Use https://.";
    CFG_01 = "CFG-01" Local "The call or its configuration is not valid",
        "Change what the message names.";
    CFG_02 = "CFG-02" Local "This transport cannot do what the configuration asks",
        "Take another transport; docs/transports.md shows what each can do.";
    CFG_03 = "CFG-03" Local "The answer is larger than the limit",
        "Raise the limit, or read the answer as a stream.";
    CFG_04 = "CFG-04" Unclear "The call failed for a reason that is not in this catalogue",
        "See the text of the library below; please report it.";
}

impl Code {
    /// The code as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TABLE[usize::from(self.0)].0
    }

    /// Who rejected whom.
    #[must_use]
    pub fn side(self) -> Side {
        Self::TABLE[usize::from(self.0)].1
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        Self::TABLE[usize::from(self.0)].2
    }

    /// What to do.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        Self::TABLE[usize::from(self.0)].3
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_has_texts() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert!(
                !code.title().is_empty() && code.remedy().ends_with(['.', '?', ':']) || code.remedy().contains("d1 "),
                "{code}"
            );
        }
    }
}
