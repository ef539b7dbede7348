//! What balancers, probers and a kubelet make of a running service: see the tests.
