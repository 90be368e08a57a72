using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace SiemForwarder.Service.Storage.Mapping;

/// <summary>Table <c>integration</c>.</summary>
internal sealed class IntegrationMapping : IEntityTypeConfiguration<Integration>
{
    public void Configure(EntityTypeBuilder<Integration> builder)
    {
        builder.ToTable("integration");
        builder.HasKey(integration => integration.Id);
        builder.Property(integration => integration.Id).UseIdentityAlwaysColumn();
        builder.HasIndex(integration => integration.Name).IsUnique();
        builder.Property(integration => integration.Description);
        builder.Property(integration => integration.Enabled);
        builder.Property(integration => integration.PausedAt);
        builder.Property(integration => integration.PausedBy);
        builder.Property(integration => integration.PauseReason);
        builder.Property(integration => integration.EnginePool);
        builder.Property(integration => integration.Destination);
        builder.Property(integration => integration.Preset);
        builder.Property(integration => integration.ServerUrl);
        builder.Property(integration => integration.Definition).HasColumnType("jsonb");
        builder.Property(integration => integration.Secrets);
        builder.Property(integration => integration.ManagedBy);
        builder.Property(integration => integration.Version).IsConcurrencyToken();
        builder.Property(integration => integration.CreatedAt);
        builder.Property(integration => integration.UpdatedAt);
        builder.HasOne<EnginePool>().WithMany().HasForeignKey(integration => integration.EnginePool);
        SnakeCase.ColumnsIn(builder);
    }
}
