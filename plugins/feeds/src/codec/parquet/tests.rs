use super::*;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/parquet/", $name, ".parquet"))
    };
}

fn rows(bytes: &[u8]) -> Result<Vec<Json>, String> {
    match read(bytes)? {
        Document::Json(Json::Array(list)) => Ok(list),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn tables_of_other_programs() {
    let plain = rows(file!("alltypes_plain")).unwrap();
    let ids: Vec<i64> = plain.iter().map(|r| r["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [4, 5, 6, 7, 2, 3, 0, 1]);
    assert_eq!((&plain[1]["double_col"], &plain[1]["bool_col"]), (&json!(10.1), &json!(false)));
    assert_eq!((&plain[0]["date_string_col"], &plain[1]["string_col"]), (&json!("03/01/09"), &json!("1")));
    assert_eq!(plain[1]["timestamp_col"], json!("2009-03-01T00:01:00.000Z"));
    let snappy = rows(file!("alltypes_plain.snappy")).unwrap();
    assert_eq!(snappy.iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>(), [6, 7]);
    let gzip = rows(file!("concatenated_gzip_members")).unwrap();
    assert_eq!(gzip.len(), 513);
    assert_eq!((&gzip[0]["long_col"], &gzip[512]["long_col"]), (&json!(1), &json!(513)));
    let nulls = rows(file!("page_v2_empty_compressed")).unwrap();
    assert!(nulls.len() == 10 && nulls.iter().all(|r| r["integer_column"].is_null()), "{nulls:?}");
    let booleans = rows(file!("rle_boolean_encoding")).unwrap();
    assert_eq!(booleans.len(), 68);
    assert_eq!((&booleans[0]["datatype_boolean"], &booleans[2]["datatype_boolean"]), (&json!(true), &Json::Null));
}

#[test]
fn what_is_not_read_says_so() {
    assert!(rows(file!("delta_length_byte_array")).unwrap_err().contains("encoding 6"));
    assert!(rows(file!("list_columns")).unwrap_err().contains("nested"));
    assert!(
        rows(file!("nation.dict-malformed")).is_ok_and(|r| r.len() == 25)
            || rows(file!("nation.dict-malformed")).is_err()
    );
    assert!(rows(b"PAR1").is_err() && rows(b"PAR1xxxxPAR1").is_err() && rows(b"").is_err());
}

#[test]
fn damage_is_an_error_not_a_fall() {
    for whole in [&file!("alltypes_plain")[..], &file!("alltypes_plain.snappy")[..], &file!("rle_boolean_encoding")[..]]
    {
        for i in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[i] ^= 0xFF;
            let _ = read(&bytes);
            bytes[i] ^= 0xF0;
            let _ = read(&bytes);
        }
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err());
        }
    }
}
