"""People in pictures: how many there are and at which stations, found by a detector that an operator installs.

The rest of the product reaches a detector through one door, ``analysis.people.opening``, and knows none of the
packages behind it: OpenVINO, ONNX Runtime and ultralytics are optional, and imported in this package only. Without
any of them, or without a model, nothing is said of people. What is said is advice 疑点 and enters no verdict. Nobody
is recognised: there are no faces, no identities, no tracks of one person.
"""
