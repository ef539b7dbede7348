//! How functions take a client and what it may stand behind.

use std::marker::PhantomData;
use std::ops::Deref;

/// A client itself, or what dereferences to one, such as `web::Data`, `State` or `Arc`.
///
/// Only the clients that this crate knows are reached; `Via` is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no client that this check knows, and does not dereference to one",
    note = "each client is known under the feature that has its name"
)]
pub trait Reached<Via> {
    /// The type of the client.
    type Client;

    /// The client.
    fn client(&self) -> &Self::Client;
}

/// How a client is reached that is one itself.
#[derive(Debug)]
pub struct Itself(());

/// How a client is reached behind what dereferences to it.
#[derive(Debug)]
pub struct Behind<Via>(PhantomData<Via>);

impl<P, Via> Reached<Behind<Via>> for P
where
    P: Deref<Target: Reached<Via>>,
{
    type Client = <P::Target as Reached<Via>>::Client;

    fn client(&self) -> &Self::Client {
        (**self).client()
    }
}

/// A client, whatever it is reached through.
pub(crate) trait Holds<Client>: Send + Sync {
    fn client(&self) -> &Client;
}

impl<P, Via> Holds<P::Client> for Held<P, Via>
where
    P: Reached<Via> + Send + Sync,
{
    fn client(&self) -> &P::Client {
        self.through.client()
    }
}

/// What a client is reached through, without the way.
pub(crate) struct Held<P, Via> {
    through: P,
    via: PhantomData<fn() -> Via>,
}

impl<P: Reached<Via>, Via> Held<P, Via> {
    pub(crate) fn new(through: P) -> Self {
        Self {
            through,
            via: PhantomData,
        }
    }
}
