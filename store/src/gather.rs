//! Questions that many requests put at the same time, answered by one statement.
//!
//! Nothing is kept: whoever asks gets what a statement says that began after they asked, as if they had asked alone. A
//! lone request costs what it did; under load the statement's cost is shared by all that wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{Conn, Db, StoreError};

/// Questions that one statement answers at most.
const MOST: usize = 256;

/// What is asked of the book: values by their keys.
pub trait Look: Send + Sync + 'static {
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;

    /// Those of `keys` that are there.
    fn look(
        &self,
        conn: &mut Conn<'_>,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, StoreError>> + Send;
}

/// `None`: the statement failed.
type Told<V> = Option<Option<V>>;

struct Question<L: Look> {
    key: L::Key,
    answer: oneshot::Sender<Told<L::Value>>,
}

/// A handle on the one that asks for all; it ends with the last handle.
pub struct Gather<L: Look> {
    questions: mpsc::Sender<Question<L>>,
    db: Db,
    look: Arc<L>,
}

impl<L: Look> Gather<L> {
    /// Starts a task of the current runtime.
    pub fn start(db: &Db, look: L) -> Gather<L> {
        let (questions, asked) = mpsc::channel(MOST);
        let look = Arc::new(look);
        tokio::spawn(answer_all(db.clone(), look.clone(), asked));
        Gather { questions, db: db.clone(), look }
    }

    /// The value under `key` now, if there is one. When the common statement fails, each asks alone, so that the error is
    /// theirs.
    pub async fn get(&self, key: L::Key) -> Result<Option<L::Value>, StoreError> {
        let (answer, told) = oneshot::channel();
        let question = Question { key: key.clone(), answer };
        if self.questions.send(question).await.is_ok()
            && let Ok(Some(found)) = told.await
        {
            return Ok(found);
        }
        let mut reader = self.db.read().await?;
        let mut found = self.look.look(&mut reader.conn(), std::slice::from_ref(&key)).await?;
        Ok(found.remove(&key))
    }
}

async fn answer_all<L: Look>(db: Db, look: Arc<L>, mut asked: mpsc::Receiver<Question<L>>) {
    let mut questions = Vec::with_capacity(MOST);
    while asked.recv_many(&mut questions, MOST).await > 0 {
        let mut keys: Vec<L::Key> = Vec::with_capacity(questions.len());
        keys.extend(questions.iter().map(|question| question.key.clone()));
        let found = at_once(&db, look.as_ref(), &keys).await.ok();
        for Question { key, answer } in questions.drain(..) {
            // Whoever asked may have gone.
            let _ = answer.send(found.as_ref().map(|found| found.get(&key).cloned()));
        }
    }
}

async fn at_once<L: Look>(
    db: &Db,
    look: &L,
    keys: &[L::Key],
) -> Result<HashMap<L::Key, L::Value>, StoreError> {
    let mut reader = db.read().await?;
    look.look(&mut reader.conn(), keys).await
}

/// Ids as SQLite takes many at once: `SELECT unhex(value) FROM json_each($1)`.
pub(crate) fn as_json(ids: impl Iterator<Item = Uuid>) -> String {
    let quoted: Vec<String> = ids.map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", quoted.join(","))
}
