//! From the bytes of a node's answer to what they mean. The node may be anybody's: nothing here panics, or takes more memory
//! than came.

use bitcoin::hex::FromHex as _;
use bitcoin::{Amount, ScriptBuf, TxOut};
use serde_json::Value;

use super::error::ChainError;

/// The result of one call of `method`.
///
/// # Errors
/// Where it is no answer, or says that there is none.
pub fn result(bytes: &[u8], method: &'static str) -> Result<Value, ChainError> {
    result_of(parse(bytes, method)?, method)
}

/// The results of `count` calls of `method` at once, in their order.
///
/// # Errors
/// Where they are no such answers, or one of them says that there is none.
pub fn results(bytes: &[u8], count: usize, method: &'static str) -> Result<Vec<Value>, ChainError> {
    // Where the node understands nothing of it, there is one answer.
    let Value::Array(answers) = parse(bytes, method)? else {
        return result(bytes, method).map(|_| Vec::new());
    };
    let is_ordered = answers.iter().enumerate().all(|(id, answer)| answer["id"] == id);
    if !is_ordered || answers.len() != count {
        return Err(ChainError::Answer { method });
    }
    answers.into_iter().map(|answer| result_of(answer, method)).collect()
}

/// A result that is text.
///
/// # Errors
/// Where it is none.
pub fn text(value: &Value, method: &'static str) -> Result<String, ChainError> {
    value.as_str().map(str::to_owned).ok_or(ChainError::Answer { method })
}

/// A result that is bytes in hexadecimal digits.
///
/// # Errors
/// Where it is none.
pub fn bytes(value: &Value, method: &'static str) -> Result<Vec<u8>, ChainError> {
    let bytes = value.as_str().and_then(|digits| Vec::from_hex(digits).ok());
    bytes.ok_or(ChainError::Answer { method })
}

/// A result that is a height.
///
/// # Errors
/// Where it is none.
pub fn height(value: &Value, method: &'static str) -> Result<u32, ChainError> {
    let height = value.as_u64().and_then(|height| u32::try_from(height).ok());
    height.ok_or(ChainError::Answer { method })
}

/// The ids of a block's transactions, in the digits that the node is asked by.
///
/// # Errors
/// Where it is no block of `getblock` with its transactions' ids.
pub fn txids(block: &Value) -> Result<Vec<String>, ChainError> {
    let txids = block["tx"].as_array().ok_or(ChainError::Answer { method: "getblock" })?;
    Ok(txids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// An output of `gettxout`.
///
/// # Errors
/// Where it is none.
pub fn output(output: &Value) -> Result<TxOut, ChainError> {
    let value = output["value"].as_f64().and_then(|value| Amount::from_btc(value).ok());
    let digits = output["scriptPubKey"]["hex"].as_str();
    let script_pubkey = digits.and_then(|digits| ScriptBuf::from_hex(digits).ok());
    let output = value.zip(script_pubkey).map(|(value, script_pubkey)| TxOut { value, script_pubkey });
    output.ok_or(ChainError::Answer { method: "gettxout" })
}

fn parse(bytes: &[u8], method: &'static str) -> Result<Value, ChainError> {
    serde_json::from_slice(bytes).map_err(|_| ChainError::Answer { method })
}

fn result_of(mut answer: Value, method: &'static str) -> Result<Value, ChainError> {
    match (answer["error"]["code"].as_i64(), answer.get_mut("result")) {
        (Some(code), _) => Err(ChainError::Rpc { method, code }),
        (None, Some(result)) => Ok(result.take()),
        (None, None) => Err(ChainError::Answer { method }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NO_ANSWER: ChainError = ChainError::Answer { method: "m" };

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        for nonsense in
            ["", "5", "null", "true", "\"text\"", "[]", "[5]", "{}", "{\"result\"", "{\"error\":null}"]
        {
            assert_eq!(result(nonsense.as_bytes(), "m"), Err(NO_ANSWER), "{nonsense}");
            assert_eq!(results(nonsense.as_bytes(), 1, "m"), Err(NO_ANSWER), "{nonsense}");
        }
        assert_eq!(result(br#"{"error":null,"result":null}"#, "m"), Ok(Value::Null));
        let refused = Err(ChainError::Rpc { method: "m", code: -8 });
        assert_eq!(result(br#"{"error":{"code":-8},"result":7}"#, "m"), refused);
        let answers = br#"[{"id":0,"result":7},{"id":1,"result":8}]"#;
        assert_eq!(results(answers, 2, "m"), Ok(vec![json!(7), json!(8)]));
        assert_eq!(results(answers, 3, "m"), Err(NO_ANSWER));
        assert_eq!(results(br#"[{"id":1,"result":7}]"#, 1, "m"), Err(NO_ANSWER));
    }
}
