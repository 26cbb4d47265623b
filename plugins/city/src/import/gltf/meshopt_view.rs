//! Buffer views packed by meshoptimizer (EXT_meshopt_compression, KHR_meshopt_compression).

use meshopt::ffi;
use serde_json::Value;

/// Nothing packs denser than this; a view that says so is damaged.
const DENSEST: usize = 4096;

/// Plain bytes of a view. `packed` is the extension's object; `most` bytes may come out.
///
/// # Errors
/// What of it cannot be.
pub(super) fn decode(packed: &Value, bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let whole = |key: &str| packed.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let (count, stride) = (whole("count").ok_or("no count")?, whole("byteStride").ok_or("no byteStride")?);
    let mode = packed.get("mode").and_then(Value::as_str).unwrap_or("");
    let filter = packed.get("filter").and_then(Value::as_str).unwrap_or("NONE");
    let room = most.min(bytes.len().saturating_mul(DENSEST).saturating_add(1 << 16));
    let size = count.checked_mul(stride).filter(|n| *n <= room);
    let size = size.ok_or_else(|| format!("{count} elements of {stride} bytes in {} packed bytes", bytes.len()))?;
    // Words, because filters work on words.
    let mut words = vec![0u32; size.div_ceil(4)];
    let out = words.as_mut_ptr().cast();
    let (from, length) = (bytes.as_ptr(), bytes.len());
    // The library asserts what is checked here.
    let code = match mode {
        "ATTRIBUTES" if stride % 4 == 0 && (4..=256).contains(&stride) => {
            // SAFETY: `out` has room for `count` elements of `stride` bytes, `from` has `length` bytes; the decoder is
            // made for bytes from anywhere and stays within both.
            unsafe { ffi::meshopt_decodeVertexBuffer(out, count, stride, from, length) }
        }
        "TRIANGLES" if matches!(stride, 2 | 4) && count % 3 == 0 => {
            // SAFETY: as above.
            unsafe { ffi::meshopt_decodeIndexBuffer(out, count, stride, from, length) }
        }
        "INDICES" if matches!(stride, 2 | 4) => {
            // SAFETY: as above.
            unsafe { ffi::meshopt_decodeIndexSequence(out, count, stride, from, length) }
        }
        "ATTRIBUTES" | "TRIANGLES" | "INDICES" => {
            return Err(format!("the mode {mode} does not go with {count} elements of {stride} bytes"));
        }
        other => return Err(format!("the mode '{other}' is unknown")),
    };
    if code != 0 {
        return Err(format!("the bytes cannot be decoded (code {code})"));
    }
    let fits = match filter {
        "NONE" => true,
        _ if mode != "ATTRIBUTES" => false,
        "OCTAHEDRAL" | "COLOR" => matches!(stride, 4 | 8),
        "QUATERNION" => stride == 8,
        "EXPONENTIAL" => stride % 4 == 0,
        other => return Err(format!("the filter '{other}' is unknown")),
    };
    if !fits {
        return Err(format!("the filter {filter} does not go with elements of {stride} bytes"));
    }
    let out = words.as_mut_ptr().cast();
    // SAFETY: the buffer holds `count` elements of `stride` bytes, aligned to words; the strides are those that each
    // filter allows.
    unsafe {
        match filter {
            "OCTAHEDRAL" => ffi::meshopt_decodeFilterOct(out, count, stride),
            "QUATERNION" => ffi::meshopt_decodeFilterQuat(out, count, stride),
            "EXPONENTIAL" => ffi::meshopt_decodeFilterExp(out, count, stride),
            "COLOR" => ffi::meshopt_decodeFilterColor(out, count, stride),
            _ => {}
        }
    }
    let mut plain: Vec<u8> = bytemuck::cast_slice(&words).to_vec();
    plain.truncate(size);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const MOST: usize = 1 << 20;

    #[test]
    fn packed_numbers_come_back() {
        let points: Vec<[f32; 3]> = (0..50).map(|n| [n as f32, 0.5, -3.0]).collect();
        let packed = meshopt::encode_vertex_buffer(&points).unwrap();
        let view = json!({"count": 50, "byteStride": 12, "mode": "ATTRIBUTES"});
        assert_eq!(decode(&view, &packed, MOST).unwrap(), bytemuck::cast_slice::<_, u8>(&points));
        let corners: Vec<u32> = vec![0, 1, 2, 2, 1, 3, 3, 1, 4];
        let packed = meshopt::encode_index_buffer(&corners, 5).unwrap();
        let view = json!({"count": 9, "byteStride": 2, "mode": "TRIANGLES"});
        let plain: Vec<u16> = bytemuck::pod_collect_to_vec(&decode(&view, &packed, MOST).unwrap());
        assert_eq!(plain.len(), 9);
        let packed = meshopt::encode_index_sequence(&corners, 5).unwrap();
        let view = json!({"count": 9, "byteStride": 4, "mode": "INDICES"});
        assert_eq!(decode(&view, &packed, MOST).unwrap(), bytemuck::cast_slice::<_, u8>(&corners));
        let turned = meshopt::encode_filter_exp(&[[1.5f32, -2.0]], 16, meshopt::EncodeExpMode::Separate);
        let packed = meshopt::encode_vertex_buffer(&turned).unwrap();
        let view = json!({"count": 1, "byteStride": 8, "mode": "ATTRIBUTES", "filter": "EXPONENTIAL"});
        let plain: Vec<f32> = bytemuck::pod_collect_to_vec(&decode(&view, &packed, MOST).unwrap());
        assert_eq!(plain, [1.5, -2.0]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (view, why) in [
            (json!({}), "no count"),
            (json!({"count": 1_000_000_000, "byteStride": 256, "mode": "ATTRIBUTES"}), "elements of"),
            (json!({"count": 3, "byteStride": 6, "mode": "ATTRIBUTES"}), "does not go with"),
            (json!({"count": 4, "byteStride": 2, "mode": "TRIANGLES"}), "does not go with"),
            (json!({"count": 3, "byteStride": 2, "mode": "ODD"}), "is unknown"),
            (json!({"count": 3, "byteStride": 4, "mode": "ATTRIBUTES"}), "cannot be decoded"),
        ] {
            let error = decode(&view, &[1, 2, 3, 4], MOST).unwrap_err();
            assert!(error.contains(why), "{view}: {error}");
        }
    }

    proptest! {
        #[test]
        fn bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            count in 0usize..200, stride in 0usize..40, mode in 0usize..3, filter in 0usize..5, head in 0usize..4,
        ) {
            let mode = ["ATTRIBUTES", "TRIANGLES", "INDICES"][mode];
            let filter = ["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"][filter];
            let view = json!({"count": count, "byteStride": stride, "mode": mode, "filter": filter});
            let _ = decode(&view, &bytes, MOST);
            let mut likely = vec![[0xa0, 0xa1, 0xe1, 0xd1][head]];
            likely.extend(&bytes);
            let _ = decode(&view, &likely, MOST);
        }
    }
}
