"""Build a dataset of honest and deceptive answers, and train a LoRA on one side of it."""

import streamlit as st

from dashboard import (
    dataset_forms,
    dataset_view,
    state,
    training,
    training_forms,
    training_view,
)

st.title("Train")
which = training.section()
settings, results = st.columns([0.36, 0.64], gap="large")
form, view = (training_forms, training_view) if which == "lora" else (dataset_forms, dataset_view)

with settings:
    form.draw(state.model())

with results:
    made, jobs = training.entries(which), training.jobs(which)
    training_view.failed_at_once(made, jobs)
    name = training.choose(which, made, jobs)
    if name is None:
        st.info(training.EMPTY[which], icon=":material/model_training:")
    else:
        one = next((one for one in made if one.name == name), None)
        view.draw(one, jobs.get(name))
training.remember_link()
