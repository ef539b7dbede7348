//! What the crates promise together: see the tests.
