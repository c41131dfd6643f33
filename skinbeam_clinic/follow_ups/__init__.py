"""Follow-ups of treatments: patient reports, clinicians' grades, adverse events, and paired photographs."""
