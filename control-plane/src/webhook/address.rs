//! Where deliveries may go. A tenant names the address and the platform goes there: without this it would knock, from
//! inside, at doors that the tenant cannot reach (server-side request forgery).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

const LONGEST: usize = 2048;

/// What the installation allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct AddressArgs {
    /// Let webhooks go to private addresses, and without TLS
    #[arg(
        long = "webhooks-to-private-addresses",
        env = "ENTENTE_WEBHOOKS_TO_PRIVATE_ADDRESSES"
    )]
    pub allows_private: bool,
}

/// Checks an address as far as it can be checked without looking up its name.
///
/// # Errors
/// Says why deliveries cannot go there.
pub fn check(text: &str, allowed: AddressArgs) -> Result<Url, String> {
    if text.len() > LONGEST {
        return Err(format!("must have at most {LONGEST} characters"));
    }
    let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    let may_go = match url.scheme() {
        "https" => true,
        "http" => allowed.allows_private,
        _ => false,
    };
    if !may_go {
        return Err("must begin with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password; deliveries are signed".to_owned());
    }
    let host = url.host_str().ok_or("names no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) if !allowed.allows_private && !is_public(address) => {
            Err("is a private address; deliveries go to public ones only".to_owned())
        }
        _ => Ok(url),
    }
}

/// Looks up names, and knows no private addresses. It is asked for each connection, so that a name cannot lead elsewhere
/// between the check and the use.
#[derive(Debug)]
pub struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.into_iter().filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other("the name leads to no public address").into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet's (IANA's registries of special-purpose addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            (0, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) | (224.., ..)
        );
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // Those that carry an IPv4 address lead where that one leads: mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo and other protocol assignments, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: AddressArgs = AddressArgs { allows_private: false };
    const OPEN: AddressArgs = AddressArgs { allows_private: true };

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ];
        let public = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"];

        let of = |texts: &[&'static str]| -> Vec<&'static str> {
            texts
                .iter()
                .copied()
                .filter(|text| is_public(text.parse().unwrap()))
                .collect()
        };

        assert_eq!(of(&private), Vec::<&str>::new());
        assert_eq!(of(&public), public);
    }

    #[test]
    fn what_cannot_be_delivered_to_is_said() {
        let refused = |url: &str| check(url, STRICT).unwrap_err();

        assert_eq!(refused("http://example.com/"), "must begin with https://");
        assert_eq!(
            refused("https://127.0.0.1/"),
            "is a private address; deliveries go to public ones only"
        );
        assert_eq!(
            refused("https://[::1]/"),
            "is a private address; deliveries go to public ones only"
        );
        // Written so that only the parser of addresses sees what it is.
        assert_eq!(
            refused("https://0x7f.1/"),
            "is a private address; deliveries go to public ones only"
        );
        assert_eq!(
            refused("https://me:secret@example.com/"),
            "must not hold a user or a password; deliveries are signed"
        );
        assert!(check("https://example.com/hooks", STRICT).is_ok());
        assert!(check("http://127.0.0.1:8080/hooks", OPEN).is_ok());
        assert!(check("ftp://127.0.0.1/", OPEN).is_err());
    }
}
