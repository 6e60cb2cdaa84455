"""The words of Kaojian: frozen types and pure rules. Standard library only; knows no file, network or database."""
