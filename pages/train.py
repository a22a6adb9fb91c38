"""Build a dataset of honest and deceptive answers, and train a LoRA on one side of it."""

import streamlit as st

from dashboard.forms import dataset as dataset_form
from dashboard.forms import training as training_form
from dashboard.session import state
from dashboard.views.training import dataset, deleting, lora
from dashboard.widgets import trainings

top = st.container(horizontal=True, vertical_alignment="center")
top.title("Train", width="content")
with top:
    which = trainings.section()
st.caption(trainings.ABOUT[which])
settings, results = st.columns([0.36, 0.64], gap="large")
form, view = (training_form, lora) if which == "lora" else (dataset_form, dataset)

with settings:
    form.draw(state.model())

with results:
    made, jobs = trainings.entries(which), trainings.jobs(which)
    lora.failed_at_once(made, jobs)
    name = trainings.choose(which, made, jobs)
    if name is None:
        st.info(trainings.EMPTY[which], icon=":material/model_training:")
    else:
        one = next((one for one in made if one.name == name), None)
        view.draw(one, jobs.get(name))
    if which == "lora":
        deleting.undo()
trainings.remember_link()
