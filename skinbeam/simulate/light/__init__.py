"""Light in sampled skins and in explicit layers: the engines, what they fly through, and spots of finite width."""
