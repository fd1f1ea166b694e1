"""The project's programs, compiled for chips that are not there, and what their compilers say."""
