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

    /// <summary>A repository names its files, and must not decide by that whose fault it is.</summary>
    [Theory]
    [InlineData("error: unable to create file No space left on device/aaa: File name too long", GitFailure.Other)]
    [InlineData("error: unable to create file timed out/Connection refused/aaa: File name too long", GitFailure.Other)]
    [InlineData("error: unable to create file error: 401/[rejected]: File name too long", GitFailure.Other)]
    [InlineData("error: unable to write file a: No space left on device\nfatal: could not check out", GitFailure.DiskFull)]
    [InlineData("fatal: bad object 0123", GitFailure.NotFound)]
    public void Of_a_command_that_stays_at_home_the_name_of_a_file_says_nothing(string said, GitFailure failure) =>
        Assert.Equal(failure, GitException.From(["worktree", "add"], new GitResult(1, "", said)).Failure);
}
