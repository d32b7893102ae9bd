"""How an effect may come about: support given, links, postures and risks. All of it explores."""
