"""What trials that compared two treatments found, and what a new clinic that does both would see."""
