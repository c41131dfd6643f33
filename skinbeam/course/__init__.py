"""The course of a treatment: sessions and visits, test spots, downtime, aftercare and recovery."""
