//! Has the console embedded anew when it was built anew: its files have other names then, which the compiler cannot know.

fn main() {
    println!("cargo::rerun-if-changed=../web-console/dist");
}
