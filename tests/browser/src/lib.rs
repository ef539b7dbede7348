//! The dashboard in a real browser, with a real service behind it: see the tests.
