"""A study: settings -> runs -> compiled programs -> rows; the replica axis; the study's folder."""
