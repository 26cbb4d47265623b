//! Query parameters and bodies whose faults are problems like all others.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query as AxumQuery, Request, rejection::QueryRejection},
    http::request::Parts,
};

use crate::problem::Problem;

/// The query of a request as a type.
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T> FromRequestParts<S> for Query<T>
where
    AxumQuery<T>: FromRequestParts<S, Rejection = QueryRejection>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumQuery::<T>::from_request_parts(parts, state).await {
            Ok(AxumQuery(value)) => Ok(Self(value)),
            Err(fault) => {
                Err(Problem::invalid(format!("查询参数有误：{} / query: {}", fault.body_text(), fault.body_text())))
            }
        }
    }
}

/// The body of a request, whole.
pub(crate) struct Payload(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Bytes::from_request(request, state).await.map(Self).map_err(|fault| {
            let words = format!("请求体无法接收：{} / body: {}", fault.body_text(), fault.body_text());
            Problem::new(fault.status(), "body", words)
        })
    }
}
