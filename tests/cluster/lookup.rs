//! Resolves the names that it is given, one a line. Tests link it statically and run it in a pod: the C library of a static
//! program has to find names without the plug-ins that it would load otherwise.

use std::net::ToSocketAddrs as _;

fn main() -> std::io::Result<()> {
    for name in std::env::args().skip(1) {
        for address in (name.as_str(), 0).to_socket_addrs()? {
            println!("{name} {}", address.ip());
        }
    }
    Ok(())
}
