//! Query parameters whose faults are problems like all others.

use axum::{
    extract::{FromRequestParts, Query as AxumQuery, rejection::QueryRejection},
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
