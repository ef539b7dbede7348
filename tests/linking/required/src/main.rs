//! Does not name `checks` either, but says what it needs.

use health_core::Health;

fn main() {
    if let Err(error) = Health::builder().require(["queue"]).build() {
        println!("{error}");
    }
}
