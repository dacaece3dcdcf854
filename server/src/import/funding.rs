//! Asks the chain for many funding outputs, and waits.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};

use gossip::funding::{FundingAnswer, FundingQuestion};
use primitives::ShortChannelId;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::error::ImportError;
use crate::chain::{self, ChainAnswer, ChainConfig, ChainQuestion};

/// Where the chain is asked.
pub(super) struct FundingDesk {
    questions: mpsc::UnboundedSender<ChainQuestion>,
    answers: Receiver<ChainAnswer>,
    _runtime: Runtime,
}

impl FundingDesk {
    pub(super) fn open(config: ChainConfig) -> Result<Self, ImportError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| ImportError::Start(error.kind()))?;
        let (questions, questions_out) = mpsc::unbounded_channel();
        let (answers_in, answers) = channel();
        runtime.spawn(chain::serve(config, questions_out, move |answer| answers_in.send(answer).is_ok()));
        Ok(FundingDesk { questions, answers, _runtime: runtime })
    }

    /// The answers to all of these. Several for one output, as where a file announces a channel twice, are one question.
    pub(super) fn ask(
        &self,
        questions: Vec<FundingQuestion>,
    ) -> Result<BTreeMap<ShortChannelId, FundingAnswer>, ImportError> {
        let questions: BTreeMap<ShortChannelId, FundingQuestion> =
            questions.into_iter().map(|question| (question.short_channel_id, question)).collect();
        let (count, mut answers) = (questions.len(), BTreeMap::new());
        for question in questions.into_values() {
            // Who is gone answers nothing, which is noticed below.
            let _ = self.questions.send(ChainQuestion::Funding(question));
        }
        while answers.len() < count {
            match self.answers.recv() {
                Ok(ChainAnswer::Funding { short_channel_id, answer }) => {
                    answers.insert(short_channel_id, answer);
                }
                Ok(ChainAnswer::Failed(error)) if error.is_of_one_block() => {}
                Ok(ChainAnswer::Failed(error)) => return Err(error.into()),
                Ok(
                    ChainAnswer::Block { .. }
                    | ChainAnswer::Spent { .. }
                    | ChainAnswer::Capacity { .. }
                    | ChainAnswer::Headers(_),
                ) => {}
                Err(_) => return Ok(answers),
            }
        }
        Ok(answers)
    }
}
