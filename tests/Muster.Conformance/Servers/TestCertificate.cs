using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Muster.Conformance.Servers;

/// <summary>A certificate for 127.0.0.1 and localhost, signed by itself, made for one test.</summary>
public sealed class TestCertificate : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public TestCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        CertificateFile = _folder.Write("server.pem", certificate.ExportCertificatePem());
        KeyFile = _folder.Write("server.key", key.ExportPkcs8PrivateKeyPem());
    }

    public string CertificateFile { get; }
    public string KeyFile { get; }

    /// <summary>It is its own authority.</summary>
    public string AuthorityFile => CertificateFile;

    public void Dispose() => _folder.Dispose();
}
