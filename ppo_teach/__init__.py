"""PPO for language models, in the order of the book. Each module is one idea and one chapter.

Mathematics (tensors in, tensors out)
    masks           which positions of a padded batch are real
    policy          the softmax policy: log-probabilities, entropy, sampling, the score
    reinforce       the policy gradient
    values          the value function and its losses
    advantages      credit assignment: TD residuals and GAE
    surrogate       PPO's clipped objective
    intervals       what training gained over its control, and whether it is more than luck
    kl              staying near the reference
    exact           ground truth by enumeration

Text and models
    texts           strings to tensors
    models          the interface between policies and everything else; a tabular policy
    actor_critics   a transformer as actor and critic, behind the interface
    language_models where language models come from: random weights or a checkpoint
    rollouts        acting in text
    rewards         BLEU, ROUGE and friends
    envs            the same decision process as a Gymnasium environment
    pretraining     the supervised start
    preferences     which of two responses is better?
    reward_model    rewards learned from preferences
    verifiable      rewards that are 0 or 1 and true

Training
    checkpoints     runs that survive being killed
    config          the settings of a run, and their rules
    update          several epochs of gradient steps on one batch
    control         PPO on classic control
    trainer         PPO for language models, in three phases
    relatives       methods that keep its loop: RLOO, GRPO, DPO and others
    off_policy      a sampler that is not the trainer: rounded, stale, retokenised

Use
    plots, records, tasks, runs, exercises, cli, __main__

Import functions from their modules: `from ppo_teach.advantages import gae`.
"""
