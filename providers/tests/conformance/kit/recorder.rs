//! Stands between runner and adapter, and writes down what passes.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use http::HeaderMap;
use providers::{
    Callback, Capabilities, Granter, Grants, Operation, Outcome, ProviderError, Request, Response, Trust,
    Unauthentic, Unreadable, Unsupported, Verified, Wire,
};

/// An answer as the adapter was asked to read it.
#[derive(Clone)]
pub struct Answered {
    pub operation: Operation,
    pub response: Response,
}

/// An adapter whose requests and answers are kept.
#[derive(Clone)]
pub struct Recorder {
    pub wire: Arc<dyn Wire>,
    written: Arc<Mutex<Vec<Operation>>>,
    answered: Arc<Mutex<Vec<Answered>>>,
}

impl Recorder {
    pub fn new(wire: Arc<dyn Wire>) -> Recorder {
        Recorder { wire, written: Arc::default(), answered: Arc::default() }
    }

    /// How many requests were written since this was last asked.
    pub fn written(&self) -> usize {
        self.written.lock().unwrap().drain(..).count()
    }

    pub fn answered(&self) -> Vec<Answered> {
        self.answered.lock().unwrap().clone()
    }
}

impl Wire for Recorder {
    fn capabilities(&self) -> &Capabilities {
        self.wire.capabilities()
    }

    fn request(
        &self,
        operation: &Operation,
        grants: &Grants,
        now: DateTime<Utc>,
    ) -> Result<Request, Unsupported> {
        let request = self.wire.request(operation, grants, now)?;
        self.written.lock().unwrap().push(operation.clone());
        Ok(request)
    }

    fn granter(&self) -> Option<&dyn Granter> {
        self.wire.granter()
    }

    fn follow(
        &self,
        operation: &Operation,
        request: &Request,
        response: &Response,
        grants: &Grants,
        now: DateTime<Utc>,
    ) -> Option<Request> {
        self.wire.follow(operation, request, response, grants, now)
    }

    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        let (operation_was, response_was) = (operation.clone(), response.clone());
        self.answered.lock().unwrap().push(Answered { operation: operation_was, response: response_was });
        self.wire.outcome(operation, response)
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        self.wire.verify(headers, body, now)
    }

    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
        self.wire.translate(body, trust)
    }
}
