//! Makes rows of what was noted, once it is known how it ended.

use std::time::Duration;

use entente_api::time::Time;
use entente_operator::registry::kubernetes;
use kube::Client;
use kube::api::{Api, DynamicObject, ObjectMeta};

use super::attempt::{Attempt, Seen};
use super::{Change, PAUSE, scope, words};
use crate::access::PlatformScope;
use crate::audit::{AuditEvent, Outcome};
use crate::rest::problem::chain_of;
use crate::store::cluster_attempts::{self, Noted};
use crate::store::{Db, DbError};

/// What came about is seen within this time; what was not seen is asked for then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most attempts that are asked for at once.
const ROUND: i64 = 100;

/// Why attempts cannot be settled now.
#[derive(Debug, thiserror::Error)]
enum SettleError {
    #[error("the database cannot be used")]
    Db(#[from] DbError),
    #[error("{kind} {name} cannot be looked up")]
    LookUp {
        kind: String,
        name: String,
        source: Box<kube::Error>,
    },
}

/// Makes rows of the attempts that have brought an object to where it stands.
pub async fn seen(db: &Db, kind: &str, object: &ObjectMeta, seen: Seen<'_>) -> Result<(), DbError> {
    let scope = scope(object.namespace.as_deref().unwrap_or_default());
    let name = object.name.as_deref().unwrap_or_default();
    let noted = cluster_attempts::of_object(db, &scope, kind, name).await?;
    let came_about = |noted: &Noted| noted.attempt.came_about(seen);
    for (index, attempt) in noted.iter().enumerate() {
        let mut later = noted.iter().skip(index + 1);
        if later.any(|later| came_about(later) && later.attempt.repeats(&attempt.attempt)) {
            cluster_attempts::forget(db, &scope, &attempt.id).await?;
        } else if came_about(attempt) {
            tell(db, attempt, Outcome::Done, object.uid.as_deref()).await?;
        }
    }
    Ok(())
}

/// Settles what the watches have not shown, now and again, until it is dropped.
pub async fn run(db: &Db, client: &Client) {
    let mut often = tokio::time::interval(PAUSE);
    loop {
        often.tick().await;
        if let Err(error) = round(db, client).await {
            tracing::warn!(error = %chain_of(&error), "how changes by kubectl have ended cannot be told; trying again");
        }
    }
}

async fn round(db: &Db, client: &Client) -> Result<(), SettleError> {
    let platform = PlatformScope::for_background_task("changes that did not pass the API");
    let before = Time::from(chrono::Utc::now() - PATIENCE);
    for noted in cluster_attempts::noted_before(db, &platform, before, ROUND).await? {
        let found = look_up(client, &noted.attempt).await?;
        let seen = match &found {
            Some(object) => Seen::There(object),
            None => Seen::Absent,
        };
        let uid = found.as_ref().and_then(|object| object.uid.as_deref());
        tell(db, &noted, noted.attempt.outcome(seen), uid).await?;
    }
    Ok(())
}

async fn look_up(client: &Client, attempt: &Attempt) -> Result<Option<ObjectMeta>, SettleError> {
    let Some(resource) = kubernetes::resources().find(|resource| resource.kind == attempt.kind) else {
        return Ok(None);
    };
    let api: Api<DynamicObject> = match attempt.namespace.as_str() {
        "" => Api::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    let found = api.get_metadata_opt(&attempt.name).await;
    let found = found.map_err(|source| SettleError::LookUp {
        kind: attempt.kind.clone(),
        name: attempt.name.clone(),
        source: Box::new(source),
    })?;
    Ok(found.map(|object| object.metadata))
}

async fn tell(db: &Db, noted: &Noted, outcome: Outcome, uid: Option<&str>) -> Result<(), DbError> {
    let Noted { id, time, attempt } = noted;
    let change = (attempt.write().cloned().zip(uid))
        .filter(|_| outcome == Outcome::Done)
        .map(|(write, uid)| Change {
            uid: uid.to_owned(),
            write,
        });
    cluster_attempts::settle(
        db,
        &scope(&attempt.namespace),
        id,
        change.as_ref(),
        row(attempt, *time, outcome),
    )
    .await
}

fn row(attempt: &Attempt, time: Time, outcome: Outcome) -> AuditEvent {
    let (noun, path) = words(&attempt.kind);
    let event = AuditEvent::unasked(
        time,
        format!("kubectl:{}", attempt.user),
        format!("{noun}_{}", attempt.verb()),
        format!("{path}/{}", attempt.name),
        attempt.told(),
    );
    AuditEvent { outcome, ..event }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::access::TenantScope;
    use crate::audit::cluster::attempt::{Wanted, Write};
    use crate::audit::cluster::{Object, tell as watched};
    use crate::store::audit::{self, Filter};
    use crate::store::testing::fresh;

    fn write(second: u32) -> Write {
        let time = format!("2026-11-21T12:00:{second:02}Z").parse::<chrono::DateTime<chrono::Utc>>();
        Write {
            time: Time::from(time.unwrap()),
            manager: "kubectl-edit".to_owned(),
        }
    }

    fn edit(user: &str, generation: i64, second: u32) -> Attempt {
        let wanted = Wanted::Write {
            uid: Some("u1".to_owned()),
            write: write(second),
            generation,
        };
        Attempt {
            kind: "Chain".to_owned(),
            namespace: "bank".to_owned(),
            name: "ledger".to_owned(),
            user: user.to_owned(),
            wanted,
        }
    }

    fn standing(generation: i64, second: u32) -> Object {
        let entry = json!({
            "manager": "kubectl-edit", "operation": "Update", "time": format!("2026-11-21T12:00:{second:02}Z"),
        });
        serde_json::from_value(json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {
                "name": "ledger", "namespace": "bank", "uid": "u1", "generation": generation, "managedFields": [entry],
            },
        }))
        .unwrap()
    }

    async fn told(db: &Db) -> Vec<(String, Outcome, Option<Value>)> {
        let scope = TenantScope::for_background_task("test", "bank");
        let rows = audit::list(db, &scope, &Filter::default(), 0, 10).await.unwrap();
        rows.into_iter()
            .map(|row| (row.actor, row.outcome, row.after))
            .collect()
    }

    #[tokio::test]
    async fn a_change_has_its_users_name_and_one_row() {
        let (db, scope) = (fresh().await, TenantScope::for_background_task("test", "bank"));
        let now = Time::now();
        // Somebody else was faster: the API server has asked twice. And a third is about to be refused.
        for attempt in [edit("li", 2, 5), edit("li", 3, 5), edit("wang", 4, 6)] {
            cluster_attempts::note(&db, &scope, &attempt, now).await.unwrap();
        }

        let object = standing(3, 5);
        for _ in 0..2 {
            let seen = Seen::There(&object.metadata);
            watched(&db, "Chain", &object, seen).await.unwrap();
        }

        let after = json!({"uid": "u1", "generation": 3, "program": "kubectl-edit"});
        assert_eq!(told(&db).await, [("kubectl:li".to_owned(), Outcome::Done, Some(after))]);
        let left = cluster_attempts::of_object(&db, &scope, "Chain", "ledger")
            .await
            .unwrap();
        assert_eq!(
            left.iter().map(|noted| &noted.attempt).collect::<Vec<_>>(),
            [&edit("wang", 4, 6)]
        );
    }

    #[tokio::test]
    async fn what_was_refused_has_a_row_of_its_own() {
        let (db, scope) = (fresh().await, TenantScope::for_background_task("test", "bank"));
        let id = cluster_attempts::note(&db, &scope, &edit("wang", 4, 6), Time::now())
            .await
            .unwrap();
        let platform = PlatformScope::for_background_task("test");
        let later = Time::from(chrono::Utc::now() + PATIENCE);

        let noted = cluster_attempts::noted_before(&db, &platform, later, 10).await.unwrap();
        for _ in 0..2 {
            let outcome = noted[0].attempt.outcome(Seen::There(&standing(3, 5).metadata));
            tell(&db, &noted[0], outcome, Some("u1")).await.unwrap();
        }

        assert_eq!(noted.iter().map(|noted| &noted.id).collect::<Vec<_>>(), [&id]);
        let after = json!({"uid": "u1", "generation": 4, "program": "kubectl-edit"});
        assert_eq!(
            told(&db).await,
            [("kubectl:wang".to_owned(), Outcome::Refused, Some(after))]
        );
    }
}
