//! What callers bring for checks that take `web::Data`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::web::Data;

use crate::data::{Greeter, Pool};

/// Who has a pool.
#[derive(Clone, Copy)]
pub(super) enum Holder {
    /// The first application, and a scope in the second, which has none itself.
    One,
    /// A scope in the first application.
    Other,
    /// Who asks, or a middleware for him.
    Request,
    Builder,
}

/// The pools, by who has them. What nobody has asked for yet is made then.
#[derive(Default)]
pub(super) struct Things(RefCell<[Option<Data<Pool>>; 4]>);

impl Things {
    pub(super) fn pool(&self, holder: Holder) -> Data<Pool> {
        let pool = &mut self.0.borrow_mut()[holder as usize];
        pool.get_or_insert_with(|| Pool::new(true)).clone()
    }

    /// Those who ask bring another one from now on, perhaps at the same address.
    pub(super) fn drop_that_of_requests(&self) {
        self.0.borrow_mut()[Holder::Request as usize] = None;
    }

    /// From now on one of them is up, or down.
    pub(super) fn turn(&self, which: u8, up: bool) {
        let pools = self.0.borrow();
        let mut pools = pools.iter().flatten().cycle();
        let pool = pools.nth(usize::from(which));
        pool.inspect(|pool| pool.up.store(up, Ordering::SeqCst));
    }

    /// How often those that are still there were asked.
    pub(super) fn asked(&self) -> usize {
        let pools = self.0.borrow();
        let asked = pools.iter().flatten();
        asked.map(|pool| pool.asked.load(Ordering::SeqCst)).sum()
    }

    /// Brings a pool of its own, as a middleware may, if the request says so.
    pub(super) fn bring(&self, request: &mut ServiceRequest) {
        if request.headers().contains_key("x-brings") {
            let mut own = Extensions::new();
            own.insert(self.pool(Holder::Request));
            request.add_data_container(Rc::new(own));
        }
    }
}

pub(super) fn greeter() -> Data<dyn Greeter> {
    let greeter: Arc<dyn Greeter> = Arc::new(true);
    Data::from(greeter)
}
