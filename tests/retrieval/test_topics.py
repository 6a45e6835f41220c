import numpy as np

from retrieval.fakes import HashingEmbedder
from retrieval.topics import Topics


def test_a_question_is_of_its_topic_in_its_own_language() -> None:
    embedder = HashingEmbedder(512)
    topics = Topics(embedder)
    for question, said in (("Do I have pets?", "My dog."), ("我养宠物吗？", "我养了两只猫")):
        topic = topics.nearest(question, embedder.embed_queries([question])[0])
        assert said in topic.statement
        assert topics.stated(topic).tolist() == embedder.embed_queries([topic.statement])[0].tolist()


def test_a_text_like_questions_is_closer_to_them() -> None:
    embedder = HashingEmbedder(512)
    near = Topics(embedder).closeness(embedder.embed_passages(["What do I have? My name?", "zzz qqq", "龘龘"]))
    assert near.shape == (3,) and near.dtype == np.float32 and near[0] > max(near[1], near[2])
