"""Plans of a consultation: kept, shown, and judged by what was recorded since."""
