//! What asks something outside of the process, as far as the names of types tell.

use syn::{Error, Type};

use crate::args::Args;
use crate::kind::Kind;
use crate::signature::Function;
use crate::spell::spell;
use crate::types::each_type;

/// Types of pools, clients, producers and consumers: by their own name, or together with what
/// stands before it, where the name alone could be anything.
pub(crate) const EXTERNAL: &[&str] = &[
    "AdminClient",
    "AnyPool",
    "AsyncClient",
    "AsyncMysqlConnection",
    "AsyncPgConnection",
    "BaseConsumer",
    "BaseProducer",
    "Client",
    "ClientWithMiddleware",
    "ClusterClient",
    "ClusterConnection",
    "ConnectionManager",
    "DatabaseConnection",
    "DbConn",
    "Elasticsearch",
    "FutureProducer",
    "MultiplexedConnection",
    "MySqlConnection",
    "MySqlPool",
    "MysqlConnection",
    "OpenSearch",
    "PgConnection",
    "PgListener",
    "PgPool",
    "Pool",
    "RedisClient",
    "RedisPool",
    "StreamConsumer",
    "ThreadedProducer",
    "lapin::Channel",
    "lapin::Connection",
    "mongodb::Database",
    "scylla::Session",
    "tonic::transport::Channel",
    "ureq::Agent",
];

/// Notes the arguments of a liveness check that are outside of the process, unless it is said why.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Vec<Error>) {
    let kinds = args.kind.value();
    let lives = kinds.is_some_and(|kinds| kinds.0.contains(&Kind::Liveness));
    if !lives || !args.liveness_reason.is_unsaid() {
        return;
    }
    let name = function.name();
    let external = function.arguments().filter_map(|(ty, _)| external_in(ty));
    mistakes.extend(external.map(|ty| Error::new_spanned(&ty, why(&name, &ty))));
}

/// The outermost type in a type that is external.
fn external_in(argument: &Type) -> Option<Type> {
    let mut found = None;
    each_type(argument, &mut |ty| {
        if found.is_none() && is_external(ty) {
            found = Some(ty.clone());
        }
    });
    found
}

fn why(name: &str, ty: &Type) -> String {
    format!(
        "the health check `{name}` asks something outside of the process, by `{}`: who fails \
         liveness is restarted, which repairs no outage of another; let it serve readiness, or say \
         why not with `liveness_reason = \"...\"`",
        spell(&ty)
    )
}

/// By the end of its path. What is embedded is inside, whatever it is called.
fn is_external(ty: &Type) -> bool {
    let Type::Path(path) = ty else {
        return false;
    };
    let segments = path.path.segments.iter();
    let segments: Vec<_> = segments.map(|segment| segment.ident.to_string()).collect();
    let whole = segments.join("::");
    let is_end = |name: &&&str| {
        let before = whole.strip_suffix(**name);
        before.is_some_and(|before| before.is_empty() || before.ends_with("::"))
    };
    EXTERNAL.iter().find(is_end).is_some() && !spell(&ty).to_lowercase().contains("sqlite")
}

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    #[test]
    fn pools_and_clients_are_known_by_the_end_of_their_paths() {
        let known = |ty: &str| is_external(&parse_str(ty).expect("a type"));
        for external in [
            "PgPool",
            "sqlx::PgPool",
            "sqlx::Pool<Postgres>",
            "Client",
            "reqwest::Client",
            "::redis::aio::ConnectionManager",
            "lapin::Channel",
            "tonic::transport::Channel",
        ] {
            assert!(known(external), "{external}");
        }
        for internal in [
            "Channel",
            "Connection",
            "ThreadPool",
            "MyClient",
            "SqlitePool",
            "sqlx::Pool<Sqlite>",
            "Pool<SqliteConnectionManager>",
            "deadpool_sqlite::Pool",
            "bool",
            "(PgPool, bool)",
        ] {
            assert!(!known(internal), "{internal}");
        }
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(EXTERNAL.is_sorted());
    }
}
