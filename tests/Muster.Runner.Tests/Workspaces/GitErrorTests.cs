using Muster.Runner.Git;

namespace Muster.Runner.Tests.Workspaces;

public sealed class GitErrorTests
{
    [Theory]
    [InlineData("fatal: write error: No space left on device", GitFailure.DiskFull)]
    [InlineData("remote: fatal: write error: No space left on device\nerror: remote unpack failed: index-pack abnormal exit\n ! [remote rejected] a -> a (unpacker error)", GitFailure.Unreachable)]
    [InlineData(" ! [remote rejected] a -> a (hook declined)", GitFailure.Rejected)]
    public void A_full_disk_is_told_from_the_planes_and_from_a_refusal(string said, GitFailure failure) =>
        Assert.Equal(failure, GitException.From(["push"], new GitResult(1, "", said)).Failure);
}
