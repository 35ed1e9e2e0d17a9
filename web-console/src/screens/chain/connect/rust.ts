import { type Guide, requestOf, type Target } from './target';

/** A string of Rust's, raw, with as many hashes around it as it needs. */
function raw(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/"(#*)/g)].map(([, hashes = '']) => hashes.length + 1));
  const hashes = '#'.repeat(longest);
  return `r${hashes}"${text}"${hashes}`;
}

/** By REST: no crate for Fabric's gateway is maintained well enough to be recommended. */
export function rust(target: Target): Guide {
  const { url, body } = requestOf(target);
  return {
    files: [
      {
        name: 'Cargo.toml',
        text: `[package]
name = "app"
version = "0.1.0"
edition = "2024"

[dependencies]
ureq = "3"
`,
      },
      {
        name: 'src/main.rs',
        text: `use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let token = std::env::var("ENTENTE_TOKEN")?;
    let mut answer = ureq::post(${raw(url)})
        .config()
        .http_status_as_error(false) // a problem says in its body what is wrong
        .build()
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(${raw(JSON.stringify(body))})?;
    println!("{}", answer.body_mut().read_to_string()?);
    if !answer.status().is_success() {
        return Err(answer.status().to_string().into());
    }
    Ok(())
}
`,
      },
    ],
    run: 'cargo run -q',
  };
}
