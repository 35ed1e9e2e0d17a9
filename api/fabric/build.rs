//! Compiles `proto/*.proto` to Rust without protoc.

use std::{env, fs, io, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut files: Vec<PathBuf> = fs::read_dir("proto")?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, io::Error>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "proto"));
    files.sort();
    let descriptors = protox::compile(&files, ["proto"])?;
    tonic_prost_build::configure()
        // Maps are hashed and signed as part of messages: their order must not depend on the process.
        .btree_map(".")
        .bytes(".common.BlockData.data")
        // The shim's rpc `Connect` collides with the transport shortcut of the same name; `client::connect` dials.
        .build_transport(false)
        .include_file("mod.rs")
        .out_dir(env::var("OUT_DIR")?)
        .compile_fds(descriptors)?;
    Ok(())
}
