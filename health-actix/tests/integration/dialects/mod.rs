//! The wire formats for consumers of other kinds, each as those consumers read it.

mod any;
mod json;
mod schema;
mod spring;
