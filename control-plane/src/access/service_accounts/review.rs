//! Asks the cluster's API server whose a token is (TokenReview).

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus};
use kube::Client;
use kube::api::{Api, PostParams};

use super::{ReviewError, Reviewer, ServiceAccount};

/// The cluster that the platform runs on.
pub struct Cluster {
    client: Client,
}

impl Cluster {
    pub fn new(client: Client) -> Cluster {
        Cluster { client }
    }
}

#[async_trait]
impl Reviewer for Cluster {
    async fn review(&self, token: &str, audience: &str) -> Result<Option<ServiceAccount>, ReviewError> {
        let question = TokenReview {
            spec: TokenReviewSpec {
                token: token.to_owned(),
                audiences: Some(vec![audience.to_owned()]),
            },
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.client.clone());
        let answer = api.create(&PostParams::default(), &question).await?;
        Ok(answer.status.and_then(|status| account(status, audience)))
    }
}

/// An API server that knows no audiences names none, and would take a token that was made for itself.
fn account(status: TokenReviewStatus, audience: &str) -> Option<ServiceAccount> {
    let is_ours = status.audiences.iter().flatten().any(|one| one == audience);
    let is_good = status.authenticated == Some(true) && is_ours;
    ServiceAccount::of_user(&status.user.filter(|_| is_good)?.username?)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::authentication::v1::UserInfo;

    use super::*;

    fn status(user: &str, audience: &str, authenticated: bool) -> TokenReviewStatus {
        TokenReviewStatus {
            authenticated: Some(authenticated),
            audiences: Some(vec![audience.to_owned()]),
            user: Some(UserInfo {
                username: Some(user.to_owned()),
                ..UserInfo::default()
            }),
            error: None,
        }
    }

    #[test]
    fn a_service_account_is_one_whose_token_is_good_for_us() {
        let builder = "system:serviceaccount:ci:builder";
        let asked = |status| account(status, "entente");

        let found = asked(status(builder, "entente", true));

        assert_eq!(found.map(|account| account.user()).as_deref(), Some(builder));
        assert_eq!(asked(status(builder, "entente", false)), None);
        assert_eq!(asked(status(builder, "https://kubernetes.default.svc", true)), None);
        assert_eq!(asked(status("system:admin", "entente", true)), None);
        assert_eq!(
            asked(TokenReviewStatus {
                audiences: None,
                ..status(builder, "entente", true)
            }),
            None
        );
    }
}
