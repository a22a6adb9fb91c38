"""All ways of measuring vectors: `ab` asks A/B questions over vectors and scales."""
