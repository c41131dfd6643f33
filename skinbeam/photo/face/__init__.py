"""Where the face is and which parts of it are skin: pupils, mouth, regions."""
