//! What is published: readings of a walk through all gauges.

/// Readings of a walk through all gauges, as MQTT PUBLISH packets of QoS 1.
pub(super) struct Walk {
    sensors: usize,
    next: usize,
    packet: u16,
}

impl Walk {
    pub(super) fn through(sensors: usize) -> Self {
        Self { sensors, next: 0, packet: 0 }
    }

    fn reading(&mut self) -> (usize, f64) {
        let (i, round) = (self.next % self.sensors, self.next / self.sensors);
        self.next += 1;
        // A slow tide with a little noise, in tenths: some gauges cross a threshold, most do not.
        let noise = (self.next as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
        let tenths = (i % 700) as u64 + noise + (round as u64 % 10);
        (i, tenths as f64 / 10.0)
    }

    /// Appends the packet of the next `batch` readings.
    pub(super) fn publish(&mut self, at: &str, batch: usize, out: &mut Vec<u8>) {
        let (topic, payload) = self.message(at, batch);
        self.packet = if self.packet == u16::MAX { 1 } else { self.packet + 1 };
        let length = 2 + topic.len() + 2 + payload.len();
        out.push(0x32);
        let mut left = length;
        loop {
            let byte = (left & 0x7f) as u8;
            left >>= 7;
            out.push(if left > 0 { byte | 0x80 } else { byte });
            if left == 0 {
                break;
            }
        }
        out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        out.extend_from_slice(&self.packet.to_be_bytes());
        out.extend_from_slice(payload.as_bytes());
    }

    /// Topic and payload of the next `batch` readings.
    pub(super) fn message(&mut self, at: &str, batch: usize) -> (String, String) {
        use std::fmt::Write as _;
        if batch == 1 {
            let (i, value) = self.reading();
            let topic = format!("v1.1/Datastreams(g{i})/Observations");
            return (topic, format!("{{\"phenomenonTime\":\"{at}\",\"result\":{value}}}"));
        }
        let mut payload = String::with_capacity(batch * 96);
        payload.push('[');
        for k in 0..batch {
            let (i, value) = self.reading();
            let comma = if k > 0 { "," } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(
                payload,
                "{comma}{{\"Datastream\":{{\"@iot.id\":\"g{i}\"}},\"phenomenonTime\":\"{at}\",\"result\":{value}}}"
            );
        }
        payload.push(']');
        ("v1.1/Observations".to_owned(), payload)
    }
}
