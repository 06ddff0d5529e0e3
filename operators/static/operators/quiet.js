// htmx would add a style of its own and evaluate attributes; neither is used here.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
