return await Muster.Proof.ProofCommands.RunAsync(args);
