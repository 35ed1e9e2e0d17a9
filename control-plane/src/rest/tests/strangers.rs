//! Nothing is reachable without the token.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::TestApp;
use crate::rest::openapi;
use crate::rest::permissions::{self, Access};

#[tokio::test]
async fn a_stranger_gets_401_on_every_operation_of_the_document() {
    let app = TestApp::new().await;
    let document = openapi::json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let uri = path.replace(['{', '}'], "");
            let id = item[method]["operationId"].as_str().unwrap();
            if permissions::of(id).1 == Access::Everybody {
                continue;
            }
            for authorization in [
                None,
                Some("Bearer wrong"),
                Some("Basic YWRtaW46YWRtaW4="),
                Some("Bearer "),
            ] {
                let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(&uri);
                if let Some(authorization) = authorization {
                    request = request.header("authorization", authorization);
                }
                let answer = app.send(request.body(Body::empty()).unwrap()).await;

                assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried} operations in the document");
}

#[tokio::test]
async fn every_operation_of_the_document_is_routed() {
    let app = TestApp::new().await;
    let document = openapi::json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let uri = path.replace(['{', '}'], "");
            let answer = app.call(method.to_uppercase().parse().unwrap(), &uri, &[], None).await;

            assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(!answer.text.contains("no_such_route"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_stranger_does_not_even_learn_which_paths_exist() {
    let app = TestApp::new().await;

    let answer = app.send(Request::get("/v1/nothing").body(Body::empty()).unwrap()).await;

    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn a_probe_needs_no_token_and_learns_nothing() {
    let app = TestApp::new().await;

    let answer = app.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;

    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok\n"));
}
