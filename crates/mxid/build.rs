//! Builds again when a migration changes: the tests carry the migrations in them.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
