use serde_json::json;

use super::*;
use crate::access::secret;
use crate::oidc::Rule;
use crate::store::access::invitations::Invitation;
use crate::store::testing::fresh;

fn settings(admission: Admission, domains: &[&str]) -> Settings {
    let rule = |value: &str, role| Rule {
        value: value.to_owned(),
        tenant: "bank".to_owned(),
        role,
    };
    Settings {
        issuer: "https://id.example".to_owned(),
        client_id: "entente".to_owned(),
        client_secret: None,
        roots: None,
        name: "Id".to_owned(),
        scopes: "openid".to_owned(),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        admission,
        role_claim: "groups".to_owned(),
        rules: vec![rule("heads", Role::Admin), rule("staff", Role::Developer)],
        redirect: String::new(),
    }
}

fn arrival(subject: &str, email: &str, is_verified: bool, groups: &[&str]) -> Arrival {
    let claims =
        json!({"sub": subject, "email": email, "email_verified": is_verified, "name": "Li Wei", "groups": groups});
    Arrival::read(&settings(Admission::Invited, &[]), claims.as_object().unwrap())
}

async fn admitted(db: &Db, admission: Admission, who: &Arrival) -> Result<User, Refusal> {
    admit(db, &settings(admission, &[]), who, Time::now()).await.unwrap()
}

async fn invite(db: &Db, email: &str, tenant: &str) {
    let now = Time::now();
    let invitation = Invitation {
        id: uuid::Uuid::now_v7().to_string(),
        tenant: tenant.to_owned(),
        email: Some(email.to_owned()),
        role: Role::Operator,
        organization: None,
        invited_by: "wang@bank.example".to_owned(),
        create_time: now,
        expire_time: Time::from(now.get() + std::time::Duration::from_secs(60)),
    };
    let scope = TenantScope::for_background_task("test", tenant);
    invitations::insert(db, &scope, &invitation, &secret::random())
        .await
        .unwrap();
}

async fn tenants(db: &Db, user: &User) -> Vec<(String, Role)> {
    memberships::of_user(db, &user.id).await.unwrap()
}

#[tokio::test]
async fn whoever_was_invited_gets_an_account_and_has_accepted() {
    let db = fresh().await;
    invite(&db, "li@bank.example", "bank").await;
    invite(&db, "li@bank.example", "tax").await;

    let user = admitted(&db, Admission::Invited, &arrival("1", "Li@Bank.example", true, &[]))
        .await
        .unwrap();
    let again = admitted(&db, Admission::Invited, &arrival("1", "li@bank.example", true, &[]))
        .await
        .unwrap();

    assert_eq!(
        (&user.email, &user.display_name, &user.password_hash),
        (&"li@bank.example".to_owned(), &"Li Wei".to_owned(), &None)
    );
    assert_eq!(again.id, user.id);
    assert_eq!(
        tenants(&db, &user).await,
        [("bank".to_owned(), Role::Operator), ("tax".to_owned(), Role::Operator)]
    );
}

#[tokio::test]
async fn nobody_else_does_unless_the_installation_says_so() {
    let db = fresh().await;
    let (li, staff) = (
        arrival("1", "li@bank.example", true, &[]),
        arrival("2", "wang@bank.example", true, &["staff"]),
    );
    let not_invited = |email: &str| Err(Refusal::NotInvited(email.to_owned()));

    assert_eq!(
        admitted(&db, Admission::Invited, &li).await,
        not_invited("li@bank.example")
    );
    assert_eq!(
        admitted(&db, Admission::Invited, &staff).await,
        not_invited("wang@bank.example")
    );
    assert_eq!(
        admitted(&db, Admission::Mapped, &li).await,
        not_invited("li@bank.example")
    );
    let wang = admitted(&db, Admission::Mapped, &staff).await.unwrap();
    assert_eq!(tenants(&db, &wang).await, [("bank".to_owned(), Role::Developer)]);
    let li = admitted(&db, Admission::Domains, &li).await.unwrap();
    assert_eq!(tenants(&db, &li).await, []);
}

#[tokio::test]
async fn an_address_that_is_not_verified_or_not_allowed_opens_nothing() {
    let db = fresh().await;
    invite(&db, "li@bank.example", "bank").await;
    let verified = arrival("1", "li@bank.example", true, &[]);
    let unverified = arrival("1", "li@bank.example", false, &[]);
    let elsewhere = settings(Admission::Invited, &["elsewhere.example"]);

    let refused = admitted(&db, Admission::Invited, &unverified).await;
    let of_another_domain = admit(&db, &elsewhere, &verified, Time::now()).await.unwrap();
    let nameless = admitted(
        &db,
        Admission::Invited,
        &Arrival {
            email: None,
            ..verified.clone()
        },
    )
    .await;
    admitted(&db, Admission::Invited, &verified).await.unwrap();
    // Its domain is no longer taken: that holds for who came in before, too.
    let afterwards = admit(&db, &elsewhere, &verified, Time::now()).await.unwrap();

    assert_eq!(refused, Err(Refusal::Unverified("li@bank.example".to_owned())));
    assert_eq!(of_another_domain, Err(Refusal::Domain("bank.example".to_owned())));
    assert_eq!(nameless, Err(Refusal::NoEmail));
    assert_eq!(afterwards, Err(Refusal::Domain("bank.example".to_owned())));
}

#[tokio::test]
async fn an_account_of_the_address_is_linked_and_whoever_made_it_is_out() {
    let (db, now) = (fresh().await, Time::now());
    let user = User::new("li@bank.example", "somebody", Some("hash".to_owned()), now);
    let administrator = User {
        is_platform_operator: true,
        ..User::new("admin@bank.example", "Administrator", Some("hash".to_owned()), now)
    };
    for user in [&user, &administrator] {
        users::insert(&db, user).await.unwrap();
    }
    let (_, cookie) = sessions::begin(&db, &user.id, None, now).await.unwrap();

    let linked = admitted(&db, Admission::Invited, &arrival("1", "li@bank.example", true, &[]))
        .await
        .unwrap();
    admitted(&db, Admission::Invited, &arrival("2", "admin@bank.example", true, &[]))
        .await
        .unwrap();
    let another = admitted(&db, Admission::Invited, &arrival("3", "li@bank.example", true, &[])).await;

    assert_eq!(linked.id, user.id);
    let password = async |user: &User| users::get(&db, &user.id).await.unwrap().unwrap().password_hash;
    assert_eq!(
        (password(&user).await, password(&administrator).await),
        (None, Some("hash".to_owned()))
    );
    assert_eq!(sessions::find(&db, &cookie, now).await.unwrap(), None);
    assert_eq!(another, Err(Refusal::AnotherSubject("li@bank.example".to_owned())));
}

#[tokio::test]
async fn what_the_provider_no_longer_says_ends_and_what_people_decided_stays() {
    let db = fresh().await;
    let who = |groups: &[&str]| arrival("1", "li@bank.example", true, groups);
    let user = admitted(&db, Admission::Mapped, &who(&["staff"])).await.unwrap();
    let scope = TenantScope::for_background_task("test", "bank");

    admitted(&db, Admission::Mapped, &who(&["staff", "heads"]))
        .await
        .unwrap();
    let promoted = tenants(&db, &user).await;
    admitted(&db, Admission::Mapped, &who(&[])).await.unwrap();
    let left = tenants(&db, &user).await;
    admitted(&db, Admission::Mapped, &who(&["staff"])).await.unwrap();
    memberships::change(&db, &scope, &user.id, Change::Suspend)
        .await
        .unwrap();
    memberships::decided(&db, &scope, &user.id).await.unwrap();
    admitted(&db, Admission::Mapped, &who(&[])).await.unwrap();
    admitted(&db, Admission::Mapped, &who(&["heads"])).await.unwrap();

    assert_eq!(promoted, [("bank".to_owned(), Role::Admin)]);
    assert_eq!(left, []);
    assert_eq!(tenants(&db, &user).await, []);
    assert!(memberships::is_suspended(&db, &user.id).await.unwrap());
}
