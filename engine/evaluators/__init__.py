"""All ways of measuring vectors: `ab` asks A/B questions, `generation` lets the model write."""
